# Both services as images of their own: `docker compose build`, or `docker build --target ws-gateway .`

FROM node:20-bookworm-slim AS web
WORKDIR /build/web
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN --mount=type=cache,target=/root/.npm npm ci
COPY web ./
RUN npm run build

FROM rust:1.95-slim-bookworm AS rust
WORKDIR /build
# Backtraces keep the names of functions; their lines would make the binaries four times as large.
ENV CARGO_PROFILE_RELEASE_DEBUG=false
# Builds the dependencies from what the manifests say, without the sources, so that they are a layer of their own.
RUN --mount=type=cache,target=/usr/local/cargo/registry cargo install --locked --version 0.1.78 cargo-chef

FROM rust AS plan
COPY . .
RUN cargo chef prepare

FROM rust AS dependencies
COPY --from=plan /build/recipe.json ./
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    cargo chef cook --release --locked --package core-service --package ws-gateway

# From here on each service is built by itself, so that a change of one leaves the other's image as it is. Both packages
# are named, one of them without its sources: it takes both to ask for all the features that the dependencies have.
FROM dependencies AS core-build
COPY Cargo.toml Cargo.lock ./
COPY migrations migrations
COPY proto proto
COPY process process
COPY sabotage sabotage
COPY core-service core-service
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    cargo build --release --locked --package core-service --package ws-gateway
# The libraries of C that it is linked to, where they are here. The certificates are for a bucket.
RUN mkdir -p /image/usr/local/bin /empty \
    && cp target/release/core-service /image/usr/local/bin/ \
    && ldd target/release/core-service | grep -o '/[^ ]*' | xargs cp --dereference --parents --target-directory /image \
    && cp --dereference --parents --target-directory /image /etc/ssl/certs/ca-certificates.crt

FROM dependencies AS gateway-build
COPY Cargo.toml Cargo.lock ./
COPY proto proto
COPY process process
COPY sabotage sabotage
COPY ws-gateway ws-gateway
COPY --from=web /build/web/dist web/dist
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    cargo build --release --locked --package ws-gateway --package core-service
RUN mkdir -p /image/usr/local/bin /empty \
    && cp target/release/ws-gateway /image/usr/local/bin/ \
    && ldd target/release/ws-gateway | grep -o '/[^ ]*' | xargs cp --dereference --parents --target-directory /image

# What a service may write is a volume. Docker gives a new one the owner that the folder has here.
FROM scratch AS core-service
COPY --from=core-build /image /
COPY --from=core-build --chown=65532:65532 --chmod=0700 /empty /data
COPY --from=core-build --chown=65532:65532 --chmod=0700 /empty /run/holdfast
# A migration of a large database takes its time.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10m --start-interval=1s --retries=3 \
    CMD ["core-service", "healthcheck"]
# SQLite keeps temporary files in the current folder where there is no other.
WORKDIR /data
USER 65532:65532
ENV CORE_LISTEN=0.0.0.0:50051 CORE_DATA_DIR=/data CHAT_SERVICE_TOKEN_FILE=/run/holdfast/service-token
VOLUME /data
EXPOSE 50051
ENTRYPOINT ["core-service"]

FROM scratch AS ws-gateway
COPY --from=gateway-build /image /
COPY --from=gateway-build --chown=65532:65532 --chmod=0700 /empty /run/holdfast
USER 65532:65532
ENV GATEWAY_LISTEN=0.0.0.0:3000 GATEWAY_CORE=http://core:50051 CHAT_SERVICE_TOKEN_FILE=/run/holdfast/service-token
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --start-interval=1s --retries=3 \
    CMD ["ws-gateway", "healthcheck"]
ENTRYPOINT ["ws-gateway"]

# A profile cannot publish a port of a service that runs without it; this passes one on.
FROM debian:bookworm-slim AS socat
RUN apt-get update && apt-get install --yes --no-install-recommends socat
RUN mkdir -p /image/usr/local/bin \
    && cp --dereference /usr/bin/socat /image/usr/local/bin/ \
    && ldd /usr/bin/socat | grep -o '/[^ ]*' | xargs cp --dereference --parents --target-directory /image

FROM scratch AS grpc-port
COPY --from=socat /image /
USER 65532:65532
EXPOSE 50051
ENTRYPOINT ["socat", "TCP-LISTEN:50051,fork,reuseaddr,nodelay", "TCP:core:50051,nodelay"]
