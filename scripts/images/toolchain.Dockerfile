# What services are built in: compiler, GoogleTest and tutti's package. The package comes last, so that a new version of tutti
# installs nothing else again.
ARG BASE
FROM ${BASE}
RUN apt-get update -qq && apt-get install -qq -y --no-install-recommends \
      ca-certificates cmake g++ git libgtest-dev libgmock-dev ninja-build pkg-config \
      libboost-context1.81-dev libfyaml-dev libre2-dev libsqlite3-dev libssl3 zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*
COPY tutti.deb /tmp/tutti.deb
RUN dpkg --install /tmp/tutti.deb && rm /tmp/tutti.deb
