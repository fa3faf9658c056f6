# The environment service: races, worlds, replays; port 8080, and by VNC 5900. From the repository's root:
#   docker build -f deploy/environment.Dockerfile -t trackmania-rl/environment .
#   docker build -f deploy/environment.Dockerfile --target service -t trackmania-rl/environment:slim .
# The second has no browser, so it makes no videos and has no VNC. docs/deployment.md explains the arguments.
ARG PYTHON_IMAGE=docker.io/library/python:3.11-slim-bookworm
ARG NODE_IMAGE=docker.io/library/node:20-bookworm-slim

FROM ${NODE_IMAGE} AS page
ARG NPM_REGISTRY=https://registry.npmjs.org/
WORKDIR /source/viewer
COPY viewer/package.json viewer/package-lock.json ./
RUN npm ci --no-audit --no-fund --loglevel=error --registry="$NPM_REGISTRY"
COPY viewer ./
RUN npm run --silent build

FROM ${PYTHON_IMAGE} AS packages
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
ARG PIP_FIND_LINKS
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /source
RUN python -m venv --without-pip /opt/trackmania-rl
COPY pyproject.toml README.md LICENSE ./
COPY requirements/dev.txt requirements/
# What the project needs first, in a layer of its own: it stays while only our code changes.
RUN mkdir -p src/trackmania_rl && touch src/trackmania_rl/__init__.py \
    && pip --python /opt/trackmania-rl/bin/python install -q -c requirements/dev.txt '.[environment,storage]'
COPY src src
RUN pip --python /opt/trackmania-rl/bin/python install -q --no-deps --force-reinstall .

FROM ${PYTHON_IMAGE} AS service
# The home keeps compiled kernels: it may be a volume.
RUN useradd --uid 10001 --create-home driver \
    && install -d -o 10001 -g 10001 /data /run/trackmania-rl /home/driver/.cache
COPY --from=packages /opt/trackmania-rl /opt/trackmania-rl
ENV PATH=/opt/trackmania-rl/bin:$PATH PYTHONUNBUFFERED=1 TRACKMANIA_RL_DATA=/data
USER 10001:10001
WORKDIR /home/driver
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=300s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
ENTRYPOINT ["trackmania-rl"]
CMD ["environment", "--host", "0.0.0.0"]

FROM service AS screen
ARG DEBIAN_MIRROR=http://deb.debian.org
USER root
RUN { sed -i "s#http://deb.debian.org#$DEBIAN_MIRROR#" /etc/apt/sources.list.d/*.sources 2>/dev/null || true; } \
    && apt-get update -qq && apt-get install -y -qq --no-install-recommends \
        chromium ffmpeg fonts-dejavu-core libegl1 libgl1-mesa-dri x11vnc xvfb >/dev/null \
    && rm -rf /var/lib/apt/lists/*
COPY --from=page /source/src/trackmania_rl/viewer/static /opt/trackmania-rl/lib/python3.11/site-packages/trackmania_rl/viewer/static
USER 10001:10001
EXPOSE 5900
