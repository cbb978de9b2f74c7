namespace Assay.Client;

/// <summary>A credential is not to be had here: its variable is not set, its file does not exist. One that is there but unusable is told otherwise.</summary>
public sealed class AssayCredentialUnavailableException : Exception
{
    /// <summary>Says in one sentence what is missing.</summary>
    public AssayCredentialUnavailableException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
