# The server. Needs PostgreSQL (DATABASE_URL) and, for more than one process, Redis (REDIS_URL); see compose.yaml.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY . .
RUN npm ci --no-audit --no-fund && npx nx run-many -t build && npm prune --omit=dev

FROM node:24-bookworm-slim
ENV NODE_ENV=production LIFEBOAT_DATA=/var/lib/lifeboat LIFEBOAT_HOST=0.0.0.0
WORKDIR /app
COPY --from=build --chown=node:node /app /app
RUN mkdir -p /var/lib/lifeboat && chown node:node /var/lib/lifeboat
USER node
VOLUME /var/lib/lifeboat
EXPOSE 8420
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["node", "-e", "fetch('http://127.0.0.1:8420/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "apps/cli/bin/lifeboat.mjs"]
CMD ["server", "start"]
