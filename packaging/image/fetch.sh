#!/bin/sh
# Fetches the Debian packages of the image for a machine (amd64, arm64) into a
# folder, with all that they depend on. apt resolves and verifies them, with a state of
# its own: nothing on this machine is installed or changed, and no root is needed.
# SOURCES is the list of apt sources; else this machine's own are used.
set -eu
machine=$1 folder=$2
shift 2
if [ -z "${SOURCES:-}" ]; then
	for SOURCES in /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list; do
		[ ! -s "$SOURCES" ] || break
	done
fi
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null && [ -s "$SOURCES" ] || {
	echo "the image's packages come from Debian's apt-get and dpkg-deb, which this machine does not have; make image ENGINE=docker (podman, buildah) builds it there" >&2
	exit 1
}
mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial"
folder=$(cd "$folder" && pwd)
: >"$folder/status"
apt() {
	# pkgCacheGen::Essential: what Debian calls essential comes only where something depends on it.
	apt-get -qq -o Dir::State="$folder" -o Dir::State::status="$folder/status" -o Dir::State::lists="$folder/lists" \
		-o Dir::Cache="$folder/cache" -o Dir::Etc::sourcelist="$SOURCES" -o Dir::Etc::sourceparts=- -o Debug::NoLocking=1 \
		-o APT::Architecture="$machine" -o APT::Architectures="$machine" -o pkgCacheGen::Essential=none \
		-o APT::Install-Recommends=false -o Acquire::Languages=none -o APT::Sandbox::User="$(id -un)" "$@"
}
# What an earlier run left, of older versions perhaps, must not be taken for the image's.
rm -f "$folder"/cache/archives/*.deb
if ! apt -o Acquire::Retries=3 update || ! apt -o Acquire::Retries=3 --download-only -y install "$@" >/dev/null; then
	echo "the Debian packages of the image cannot be fetched; look at $SOURCES and at the network" >&2
	exit 1
fi
