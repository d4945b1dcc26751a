# Every process image of Callweave: docker build --build-arg SERVICE=registrar --tag callweave/registrar .
#
# One file, not one a service: the processes are built, run, watched and stopped in the same way, and differ in the
# folder of services/ they start from. Ten copies would agree only until the first hurried change. What does differ
# between them (ports, settings, addresses) is said where they are run: compose.yaml, charts/.
#
# The stages before `production` do not know SERVICE, so all images share them: one installation, one build. A image
# holds the production dependencies of its own service, and of our packages only those it uses.
#
# Node 24 is the long-term support line; the product itself is tested on 20, 22 and 24.
ARG NODE=24.21.0-bookworm-slim

# The manifests alone: as long as they stay the same, `npm ci` below comes from the cache of the builder.
FROM docker.io/library/node:${NODE} AS manifests
WORKDIR /callweave
COPY . .
RUN find . -type f ! -name package.json ! -name package-lock.json -delete

# Everything compiled. A private registry goes into the secret `npmrc`, which leaves no trace in any layer.
FROM docker.io/library/node:${NODE} AS build
WORKDIR /callweave
COPY --from=manifests /callweave ./
RUN --mount=type=cache,target=/root/.npm --mount=type=secret,id=npmrc,target=/root/.npmrc \
    npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN TURBO_TELEMETRY_DISABLED=1 npx turbo run build --output-logs=errors-only

# One service, and what it needs at run time; no sources, no tests, no compiler.
FROM build AS production
ARG SERVICE
RUN --mount=type=cache,target=/root/.npm --mount=type=secret,id=npmrc,target=/root/.npmrc \
    npm ci --omit=dev --ignore-scripts --no-audit --no-fund --workspace "services/${SERVICE:?}" \
    && mkdir /production \
    && for package in node_modules/@callweave/*; do \
         cp -a --parents "$(realpath --relative-to=. "$package")" /production; \
       done \
    && rm -rf /production/*/*/src /production/*/*/test \
    && mv node_modules package.json LICENSE /production

FROM docker.io/library/node:${NODE}
ARG SERVICE
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="callweave/${SERVICE}" \
      org.opencontainers.image.description="Callweave, a SIP platform for Kubernetes: ${SERVICE}" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="docker.io/library/node"
# The only place a process writes to: mount a volume there, and the rest may be read-only.
RUN install -d -m 0700 -o 10001 -g 10001 /var/lib/callweave
ENV NODE_ENV=production CALLWEAVE_STATE_DIR=/var/lib/callweave CALLWEAVE_HTTP_PORT=8080
COPY --from=production /production /callweave
WORKDIR /callweave/services/${SERVICE}
USER 10001:10001
EXPOSE 8080
# Node is process 1: it has no children to reap, and handles SIGTERM itself (drain, then exit 0).
STOPSIGNAL SIGTERM
# Whether the process lives, not whether it takes work: a bus that is away is no reason to end every service.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.CALLWEAVE_HTTP_PORT}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Young objects get 32 MiB a half, twice what Node gives: what belongs to a call in progress is then seldom copied.
ENTRYPOINT ["node", "--max-semi-space-size=32", "dist/main.js"]
