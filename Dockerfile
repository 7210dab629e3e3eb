# Gatehouse with a PostgreSQL of your own (DATABASE_URL); the embedded server is not in this image.
#   docker build --tag gatehouse .
ARG NODE_IMAGE=node:24-trixie-slim

FROM ${NODE_IMAGE} AS build
ARG PNPM=pnpm@12.21.0
WORKDIR /app
COPY . .
RUN npx -y ${PNPM} install --frozen-lockfile \
 && node api/commands/build.ts

# What runs: dependencies alone, without their optional parts (another Node, PostgreSQL's binaries, compilers).
FROM ${NODE_IMAGE} AS packages
ARG PNPM=pnpm@12.21.0
WORKDIR /app
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./
COPY api/package.json api/
COPY prisma/package.json prisma/
COPY web/package.json web/
RUN npx -y ${PNPM} install --frozen-lockfile --prod --no-optional --filter "@gatehouse/api..."

FROM ${NODE_IMAGE}
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 PORT=4000
COPY --from=packages /app ./
COPY LICENSE ./
COPY api/schema.graphql api/
COPY api/commands/health.ts api/commands/
COPY api/src api/src
COPY prisma/migrations prisma/migrations
COPY prisma/schema.prisma prisma/*.ts prisma/
COPY --from=build /app/prisma/generated prisma/generated
COPY --from=build /app/web/dist web/dist
USER node
EXPOSE 4000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["node", "api/commands/health.ts"]
CMD ["node", "api/src/main.ts"]
