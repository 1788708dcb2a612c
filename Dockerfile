# One image for all that an agency runs of ours: its node, its ceremonies, an audit.
#
#   packages   what requirements/run.txt pins, by hash; made anew only when that file changes
#   project    our own code, three megabytes on top
#
# A mirror of the package index is taken from the builder's environment:
#   docker build --build-arg PIP_INDEX_URL .
FROM python:3.13-slim AS packages
ARG PIP_INDEX_URL
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
COPY requirements/run.txt requirements/run.txt
# Without pip: nothing is installed into an image that runs.
RUN python -m venv --without-pip /opt/signaalketen \
    && pip --python /opt/signaalketen/bin/python install --require-hashes -r requirements/run.txt

FROM packages AS project
COPY . .
# Below another root, so that the layer that is copied holds our own files only.
RUN pip --python /opt/signaalketen/bin/python install --no-deps --no-build-isolation --no-index \
    --no-warn-script-location --root /project .

FROM python:3.13-slim
RUN groupadd --gid 10001 agency \
    && useradd --uid 10001 --gid agency --home-dir /agency --no-create-home agency \
    && install -d -o agency -g agency -m 0700 \
    /agency /agency/keys /agency/data /agency/engine /post /safe
COPY --from=packages /opt/signaalketen /opt/signaalketen
COPY --from=project /project/opt/signaalketen /opt/signaalketen
ENV PATH=/opt/signaalketen/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /agency
EXPOSE 8080
# Alive, not ready: whatever restarts what is unhealthy must not do so because others are away.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["python", "-IS", "-c", "\
import socket; s = socket.create_connection(('127.0.0.1', 8080), 4); \
s.sendall(b'GET /healthz HTTP/1.0\\r\\n\\r\\n'); raise SystemExit(b' 200 ' not in s.recv(64))"]
ENTRYPOINT ["signaalketen"]
CMD ["node", "--config", "/agency/node.toml"]
