#!/bin/sh
# Installs on Debian all that the console and the whole test suite can use; asks apt only for what is missing.
set -eu

packages="
libportaudio2 portaudio19-dev pulseaudio pulseaudio-utils libasound2-plugins
espeak-ng sox chromium chromium-driver sip-tester baresip kamailio tmux postgresql nats-server
dovecot-imapd fonts-firacode nftables openssl gcc python3-dev python3-venv
"

if ! command -v apt-get >/dev/null 2>&1; then
    echo "There is no apt-get here. Install with your own package manager what corresponds to:" $packages >&2
    exit 1
fi

missing=""
for package in $packages; do
    case "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" in
        installed) ;;
        *) missing="$missing $package" ;;
    esac
done

if [ -z "$missing" ]; then
    echo "Everything is installed already."
    exit 0
fi

as_root=""
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        echo "This needs root. Run as root: apt-get install -y$missing" >&2
        exit 1
    fi
    as_root="sudo"
fi

echo "Installing:$missing"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -q
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
