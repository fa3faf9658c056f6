# The model service: agents that learn; port 8081. Build from the repository's root:
#   docker build -f deploy/model.Dockerfile -t trackmania-rl/model .
# For an NVIDIA GPU: --build-arg TORCH=2.13.0 --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cu126
# For a Ray cluster: --build-arg EXTRA=cluster --build-arg PACKAGES=wget -t trackmania-rl/cluster
# docs/deployment.md explains the other arguments.
ARG PYTHON_IMAGE=docker.io/library/python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS packages
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
ARG PIP_FIND_LINKS
ARG EXTRA=model
ARG TORCH=2.13.0+cpu
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /source
RUN python -m venv --without-pip /opt/trackmania-rl
# The largest first, in layers of their own: they stay while only our code changes.
RUN PIP_EXTRA_INDEX_URL="$PIP_EXTRA_INDEX_URL $TORCH_INDEX" \
    pip --python /opt/trackmania-rl/bin/python install -q --no-deps "torch==$TORCH"
COPY pyproject.toml README.md LICENSE ./
COPY requirements/dev.txt requirements/
RUN mkdir -p src/trackmania_rl && touch src/trackmania_rl/__init__.py \
    && pip --python /opt/trackmania-rl/bin/python install -q -c requirements/dev.txt ".[$EXTRA,storage]"
COPY src src
RUN pip --python /opt/trackmania-rl/bin/python install -q --no-deps --force-reinstall .

FROM ${PYTHON_IMAGE}
ARG DEBIAN_MIRROR=http://deb.debian.org
ARG PACKAGES=
# torch.compile needs a C++ compiler on a CPU: updates are twice as fast with it.
RUN { sed -i "s#http://deb.debian.org#$DEBIAN_MIRROR#" /etc/apt/sources.list.d/*.sources 2>/dev/null || true; } \
    && apt-get update -qq && apt-get install -y -qq --no-install-recommends g++ $PACKAGES >/dev/null \
    && rm -rf /var/lib/apt/lists/*
# The home keeps the compiled update: it may be a volume.
RUN useradd --uid 10001 --create-home driver \
    && install -d -o 10001 -g 10001 /data /run/trackmania-rl /home/driver/.cache
COPY --from=packages /opt/trackmania-rl /opt/trackmania-rl
# KubeRay starts `ray` from a login shell, which has a search path of its own.
RUN [ ! -e /opt/trackmania-rl/bin/ray ] || ln -s /opt/trackmania-rl/bin/ray /usr/local/bin/ray
ENV PATH=/opt/trackmania-rl/bin:$PATH PYTHONUNBUFFERED=1 TRACKMANIA_RL_DATA=/data
USER 10001:10001
WORKDIR /home/driver
VOLUME /data
EXPOSE 8081
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8081/healthz', timeout=4)"]
ENTRYPOINT ["trackmania-rl"]
CMD ["model", "--host", "0.0.0.0"]
