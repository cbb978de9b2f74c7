# A silo. Build it from what was published on the same machine:
#
#   dotnet publish src/Silo -c Release -r linux-x64 -o artifacts/silo
#   docker build -t assay .
#
# With -r its code is compiled ahead, for that processor: linux-arm64 for the other kind. It is ready in half the time, and its first tokens cost less. In half of that again when the runtime is
# compiled along with it (minutes, 2.4 GB of memory; a patch of the runtime then comes with the next publish, not with the base image):
#
#   dotnet publish src/Silo -c Release -r linux-x64 --self-contained -p:PublishReadyToRunComposite=true -o artifacts/silo
#   docker build -t assay --build-arg BASE=mcr.microsoft.com/dotnet/runtime-deps:10.0 .
#
# The root file system may be read-only: a silo writes to /var/lib/assay alone.
ARG BASE=mcr.microsoft.com/dotnet/aspnet:10.0
FROM $BASE

# deploy/secrets.sh, run from this image by docker-compose.yml, needs it.
RUN openssl version

COPY artifacts/silo /opt/assay
COPY deploy/healthy deploy/secrets.sh /opt/assay/bin/
RUN mkdir -p /var/lib/assay && chown 1654:1654 /var/lib/assay && chmod 0700 /var/lib/assay && chmod 0755 /opt/assay/bin/*

ENV ASSAY_DATA=/var/lib/assay \
    Assay__Url=http://127.0.0.1:8420 \
    ASPNETCORE_HTTP_PORTS= \
    DOTNET_EnableDiagnostics=0

# "app" in the base image; it owns nothing but its data.
USER 1654:1654
WORKDIR /var/lib/assay
VOLUME /var/lib/assay
EXPOSE 8420
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["/opt/assay/bin/healthy", "127.0.0.1", "8420"]
ENTRYPOINT ["/opt/assay/Assay.Silo"]
