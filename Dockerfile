# Varve in a container: the distribution and a Java runtime of its own, for a user without rights.
#
#   ./varve --help            builds cli/target/varve, which is what goes in
#   docker build -t varve .
#
# deploy/images/stack.sh builds the last stage where no image can be pulled.
FROM eclipse-temurin:17-jdk AS build
COPY deploy/images/slim.sh deploy/images/runtime.sh /build/
COPY cli/target/varve /build/varve
RUN sh /build/slim.sh /build/varve /varve && sh /build/runtime.sh /java

FROM debian:trixie-slim AS varve
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data varve && install -d -o varve -g varve /data
COPY --from=build /java /opt/java
COPY --from=build /varve /varve
ENV JAVA_HOME=/opt/java LANG=C.UTF-8 PATH=/varve:/opt/java/bin:/usr/local/bin:/usr/bin:/bin
USER varve
WORKDIR /data
VOLUME /data
ENTRYPOINT ["varve"]
CMD ["--help"]
