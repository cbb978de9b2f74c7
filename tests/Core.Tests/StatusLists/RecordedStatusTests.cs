using System.Text;
using Assay.Core.Evidence;
using Assay.Core.StatusLists;
using Assay.Core.Tests.Evidence;

namespace Assay.Core.Tests.StatusLists;

public sealed class RecordedStatusTests
{
    private static readonly EvidenceRecord Permit = EvidenceRecordTests.Permit;

    [Fact]
    public void What_a_list_needs_is_read_from_the_record_of_a_token() => Assert.Equal(
        new RecordedStatus("list-1", 77, Permit.Input!.Time.ToUnixTimeSeconds(), Permit.ExpiresAt!.Value.ToUnixTimeSeconds(), 9, "exporter", "thumb", "abc", "kid-1"),
        RecordedStatus.Read(Permit.Encode()));

    [Fact]
    public void What_is_no_token_or_from_before_there_were_lists_has_none()
    {
        Assert.Null(RecordedStatus.Read((Permit with { Status = null }).Encode()));
        Assert.Null(RecordedStatus.Read((Permit with { Kind = EvidenceKind.Denial }).Encode()));
        Assert.Null(RecordedStatus.Read(new EvidenceRecord { Kind = EvidenceKind.Void, Shard = 1, Position = 2, Node = "n", Time = Permit.Time }.Encode()));
    }

    [Theory]
    [InlineData("\"kid\":\"kid-1\",", "")]
    [InlineData("\"index\":77", "\"index\":\"77\"")]
    [InlineData(",\"index\":77", "")]
    [InlineData("\"directoryNumber\":9,", "")]
    [InlineData("\"clientId\":\"exporter\",", "")]
    [InlineData("\"list\":\"list-1\",\"index\":77}", "")]
    public void A_record_that_is_not_whole_is_refused(string old, string changed)
    {
        var text = Encoding.UTF8.GetString(Permit.Encode());
        Assert.Contains(old, text);

        Assert.Throws<FormatException>(() => RecordedStatus.Read(Encoding.UTF8.GetBytes(text.Replace(old, changed))));
    }
}
