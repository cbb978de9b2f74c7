#!/usr/bin/env bash
# Publishes a server the way it is deployed, compiled ahead for the processor of this machine: publish.sh <project> <folder>
set -euo pipefail
case $(uname -m) in aarch64 | arm64) architecture=arm64 ;; *) architecture=x64 ;; esac
exec dotnet publish "$1" -c Release -r "linux-$architecture" --self-contained false -p:PublishReadyToRun=true -o "$2" -v q --nologo
