var builder = WebApplication.CreateBuilder(args);
builder.Services.AddAssayValidation(builder.Configuration["issuer"]!, "https://ledger.example");

var app = builder.Build();
app.MapGet("/rows", () => new[] { "2026-11-27 opening balance 1,204.00" }).RequireScope("ledger:read");
app.MapPost("/close", () => Results.NoContent()).RequireScope("ledger:close");
app.Run();
