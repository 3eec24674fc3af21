# The service. Build: docker build -t roompulse .   Run: docker run -p 50051:50051 -v roompulse:/data roompulse
# For a reproducible image pin the base by digest: --build-arg PYTHON=python:3.11-slim@sha256:…
ARG PYTHON=python:3.11-slim

FROM ${PYTHON} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/roompulse
WORKDIR /src
# The packages first: they change less often than the code, and so this layer is kept.
COPY pyproject.toml README.md LICENSE ./
RUN python -c "import tomllib; p = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
o = p['optional-dependencies']; \
print(*p['dependencies'], *o['vision'], *(each for each in o['server'] if not each.startswith('roompulse')), sep='\n')" > /tmp/requirements.txt \
 && /opt/roompulse/bin/pip install --only-binary :all: -r /tmp/requirements.txt
COPY client client
COPY vision vision
COPY server server
COPY training training
RUN /opt/roompulse/bin/pip install --no-deps .
# The face detector's weights: fetched here, and refused unless they have the pinned checksum.
RUN /opt/roompulse/bin/roompulse-server models pull --models /opt/roompulse/models

FROM ${PYTHON}
RUN groupadd --gid 10001 roompulse \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin roompulse \
 && install --directory --owner=10001 --group=10001 /data
COPY --from=build /opt/roompulse /opt/roompulse
ENV PATH=/opt/roompulse/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    ORT_DISABLE_TELEMETRY=1 \
    ROOMPULSE_LISTEN=0.0.0.0:50051 \
    ROOMPULSE_DATA=/data \
    ROOMPULSE_MODELS=/opt/roompulse/models \
    ROOMPULSE_LOG_FORMAT=json
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 50051
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["roompulse-server", "health", "--server", "127.0.0.1:50051"]
ENTRYPOINT ["roompulse-server"]
CMD ["serve"]
