# The server alone: built with Rust, run without it. Reviewed by hand; CI has no container engine.
#
#   docker build -t referral .
#   docker run -p 8000:8000 -v referral-data:/var/lib/referral/data referral        # embedded SQLite
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --locked --release --package referral-server

FROM debian:bookworm-slim
# For the health check; the server itself needs nothing but libc.
RUN apt-get update && apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /var/lib/referral --create-home referral \
 && install -d -o referral -g referral -m 0700 /var/lib/referral/data
COPY --from=build /src/target/release/referral-server /usr/local/bin/referral-server
USER referral
WORKDIR /var/lib/referral
# The API; the metrics listen on loopback unless REFERRAL_METRICS_BIND says otherwise.
ENV REFERRAL_BIND=0.0.0.0:8000
EXPOSE 8000
VOLUME /var/lib/referral/data
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD curl --fail --silent --output /dev/null http://127.0.0.1:8000/readyz
STOPSIGNAL SIGTERM
ENTRYPOINT ["referral-server"]
CMD ["serve"]
