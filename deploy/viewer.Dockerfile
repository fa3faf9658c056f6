# The viewer: the built page and its server, port 3000. Build from the repository's root:
#   docker build -f deploy/viewer.Dockerfile -t trackmania-rl/viewer .
# docs/deployment.md explains the arguments (other base images, package mirrors).
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
    && pip --python /opt/trackmania-rl/bin/python install -q -c requirements/dev.txt '.[viewer]'
COPY src src
COPY --from=page /source/src/trackmania_rl/viewer/static src/trackmania_rl/viewer/static
RUN pip --python /opt/trackmania-rl/bin/python install -q --no-deps --force-reinstall .

FROM ${PYTHON_IMAGE}
RUN useradd --uid 10001 --create-home driver
COPY --from=packages /opt/trackmania-rl /opt/trackmania-rl
ENV PATH=/opt/trackmania-rl/bin:$PATH PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /home/driver
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:3000/healthz', timeout=4)"]
ENTRYPOINT ["trackmania-rl"]
CMD ["viewer", "--host", "0.0.0.0"]
