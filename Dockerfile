# medplum-lint as an image, which needs no network and writes nothing:
#
#   docker build --tag medplum-lint .
#   docker run --rm --network none --read-only --volume "$PWD:/work:ro" medplum-lint
#
# The base is named by its tag, so that each build has the fixes of Python and Debian. For builds that repeat, give the digest that
# "docker buildx imagetools inspect python:3.13-slim" prints: --build-arg PYTHON=python:3.13-slim@sha256:...
ARG PYTHON=python:3.13-slim

FROM ${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /source
# The dependencies as wheels with their hashes; then medplum-lint, built by the setuptools among them, without the network.
COPY requirements.txt ./
RUN python -m venv /opt/medplum-lint \
    && /opt/medplum-lint/bin/pip install --quiet --require-hashes --only-binary :all: -r requirements.txt
COPY setup.py setup.cfg pyproject.toml README.md LICENSE ./
COPY man ./man
COPY linter ./linter
COPY rules ./rules
RUN /opt/medplum-lint/bin/pip install --quiet --no-index --no-deps --no-build-isolation . \
    && /opt/medplum-lint/bin/pip uninstall --quiet --yes pip setuptools

FROM ${PYTHON}
LABEL org.opencontainers.image.title="medplum-lint" \
      org.opencontainers.image.source="https://github.com/<owner>/medplum-lint" \
      org.opencontainers.image.description="Check the configuration of Medplum servers" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/medplum-lint /opt/medplum-lint
ENV PATH="/opt/medplum-lint/bin:$PATH" PYTHONDONTWRITEBYTECODE=1
USER 65532:65532
WORKDIR /work
ENTRYPOINT ["medplum-lint"]
