using Assay.Client;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

var builder = Host.CreateApplicationBuilder(args);
// <the block>
await builder.Build().RunAsync();

/// <summary>What the compiler for .proto files makes of a service.</summary>
internal sealed class LedgerClient(Grpc.Core.CallInvoker invoker) : Grpc.Core.ClientBase(invoker);
