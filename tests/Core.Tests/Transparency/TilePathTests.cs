using Assay.Core.Transparency;

namespace Assay.Core.Tests.Transparency;

public sealed class TilePathTests
{
    [Theory] // the first is the example of C2SP tlog-tiles
    [InlineData("tile/0/x001/x234/067", 0, 1_234_067, 256)]
    [InlineData("tile/1/000.p/17", 1, 0, 17)]
    [InlineData("tile/63/999.p/255", 63, 999, 255)]
    [InlineData("tile/entries/x001/000.p/1", null, 1000, 1)]
    public void A_path_names_a_tile_and_a_tile_its_path(string path, int? level, long index, int width)
    {
        Assert.True(TilePath.TryParse(path, out var tile));
        Assert.Equal(new TilePath(level, index, width), tile);
        Assert.Equal(path, tile.ToString());
    }

    [Theory]
    [InlineData("tile/0/67")]
    [InlineData("tile/0/x000/067")]
    [InlineData("tile/0/001/067")]
    [InlineData("tile/0/x067")]
    [InlineData("tile/00/067")]
    [InlineData("tile/64/067")]
    [InlineData("tile/-1/067")]
    [InlineData("tile/0/067.p/256")]
    [InlineData("tile/0/067.p/0")]
    [InlineData("tile/0/067.p/01")]
    [InlineData("tile/0/067.p")]
    [InlineData("tile/0")]
    [InlineData("tile/leaves/067")]
    [InlineData("tile/0/x999/x999/x999/x999/x999/x999/x999/999")]
    [InlineData("")]
    public void There_is_one_spelling(string path) => Assert.False(TilePath.TryParse(path, out _));
}
