namespace Assay.Cedar;

/// <summary>The question put to the authorizer: may this principal do this action on this resource, in this context?</summary>
/// <param name="Principal">Who asks.</param>
/// <param name="Action">What they want to do; its type is, or ends in, <c>Action</c>.</param>
/// <param name="Resource">On what.</param>
/// <param name="Context">What else is known of this request, reached in policies as <c>context</c>.</param>
public sealed record Request(EntityUid Principal, EntityUid Action, EntityUid Resource, RecordValue Context);
