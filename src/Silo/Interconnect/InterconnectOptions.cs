using System.Net;
using Microsoft.Extensions.Options;

namespace Assay.Silo.Interconnect;

/// <summary>How this silo proves to the other silos that it is one of them, and they to it.</summary>
internal sealed class InterconnectOptions
{
    public const string Section = "Assay:Cluster";

    /// <summary>The address other silos reach this one at. Anything but loopback needs the three files below.</summary>
    public string Address { get; set; } = "127.0.0.1";

    /// <summary>PEM file: this silo's certificate, then those between it and the authority, if any.</summary>
    public string? Certificate { get; set; }

    /// <summary>PEM file: the private key of <see cref="Certificate"/>, not encrypted.</summary>
    public string? CertificateKey { get; set; }

    /// <summary>PEM file: the authority that issues silo certificates; two while one takes over from the other. Nobody else is trusted.</summary>
    public string? Authority { get; set; }

    /// <summary>How long both sides have to prove themselves. 100 ms to 1 min; 5 s by default.</summary>
    public TimeSpan HandshakeTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often the three files are looked at. 100 ms to 1 h; 5 s by default.</summary>
    public TimeSpan CertificateReloadEvery { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether silos prove themselves to each other. False only between processes of one machine.</summary>
    public bool IsMutualTls => Named(Certificate) || Named(CertificateKey) || Named(Authority);

    /// <summary>What is wrong with the settings themselves, each as a sentence; the files are another matter.</summary>
    public List<string> Faults()
    {
        var faults = new List<string>();
        if (IsMutualTls)
        {
            Require(Certificate, nameof(Certificate), "the silo's certificate");
            Require(CertificateKey, nameof(CertificateKey), "the private key of the silo's certificate");
            Require(Authority, nameof(Authority), "the authority that issues silo certificates");
        }
        else if (!IsLoopback(Address))
        {
            faults.Add($"{Section}:Address '{Address}' is not loopback: whoever reaches it could call any grain. Silos on different machines speak mutual TLS: "
                + $"set {Section}:Certificate, {Section}:CertificateKey and {Section}:Authority to PEM files.");
        }

        if (HandshakeTimeout < TimeSpan.FromMilliseconds(100) || HandshakeTimeout > TimeSpan.FromMinutes(1))
            faults.Add($"{Section}:HandshakeTimeout must be 100 ms to 1 min.");
        if (CertificateReloadEvery < TimeSpan.FromMilliseconds(100) || CertificateReloadEvery > TimeSpan.FromHours(1))
            faults.Add($"{Section}:CertificateReloadEvery must be 100 ms to 1 h.");
        return faults;

        void Require(string? file, string name, string what)
        {
            if (!Named(file))
                faults.Add($"{Section}:{name} is missing: the PEM file with {what}.");
        }
    }

    private static bool Named(string? file) => !string.IsNullOrWhiteSpace(file);

    private static bool IsLoopback(string address) =>
        IPAddress.TryParse(address, out var ip) ? IPAddress.IsLoopback(ip) : string.Equals(address, "localhost", StringComparison.OrdinalIgnoreCase);
}

/// <summary>Stops a start with settings or files that cannot work.</summary>
internal sealed class InterconnectValidator(TimeProvider clock) : IValidateOptions<InterconnectOptions>
{
    public ValidateOptionsResult Validate(string? name, InterconnectOptions options)
    {
        var faults = options.Faults();
        if (faults.Count == 0 && options.IsMutualTls && PemFiles.Read(options, faults) is { } files)
            SiloCredentials.Load(files, clock.GetUtcNow(), faults);
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}
