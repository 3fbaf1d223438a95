# The image in which the platform's bridge runs the integration's scripts, for those who
# have a container engine: make image ENGINE=docker (podman, buildah) builds the static
# program first. Without an engine, make image assembles the same (packaging/image).
FROM debian:12-slim
ARG VERSION=development
ARG REVISION=
LABEL org.opencontainers.image.title="imap-integration" \
      org.opencontainers.image.description="IMAP integration for Sumo Logic Cloud SOAR" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
RUN apt-get update \
 && apt-get install -y --no-install-recommends bash ca-certificates tzdata \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 10001 imap-integration \
 && useradd --uid 10001 --gid 10001 --home-dir /var/lib/imap-integration --create-home --shell /bin/bash imap-integration \
 && chmod 0700 /var/lib/imap-integration
COPY dist/imap-integration /usr/local/bin/imap-integration
# Nothing is written outside of a store that the settings name: --read-only is fine.
USER 10001:10001
WORKDIR /var/lib/imap-integration
# No ENTRYPOINT: the platform runs the scripts of the manifest with bash.
CMD ["bash"]
