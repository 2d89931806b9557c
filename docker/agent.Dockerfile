# The agent. Needs the host's devices: run with --privileged --pid=host -v /dev:/dev, or with image files mounted in.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY . .
RUN npm ci --no-audit --no-fund && npx nx run-many -t build -p @lifeboat/agent && npm prune --omit=dev

FROM node:24-bookworm-slim
ENV NODE_ENV=production LIFEBOAT_STATE=/var/lib/lifeboat-agent
RUN apt-get update && apt-get install -y --no-install-recommends util-linux lvm2 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=build /app /app
VOLUME /var/lib/lifeboat-agent
ENTRYPOINT ["node", "apps/agent/bin/lifeboat-agent.mjs"]
CMD ["run"]
