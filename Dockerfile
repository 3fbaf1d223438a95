# The image in which the platform's bridge runs the integration's scripts.
# Build the binary first (make image does): the static program is all that goes in.
FROM debian:12-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends bash ca-certificates tzdata \
 && rm -rf /var/lib/apt/lists/*
COPY dist/imap-integration /usr/local/bin/imap-integration
# No ENTRYPOINT: the platform runs the scripts of the manifest with bash.
CMD ["bash"]
