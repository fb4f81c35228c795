# bill-mcp over stdio:
#   docker build -t bill-mcp .
#   docker run -i --rm bill-mcp                     the local simulator
#   docker run -i --rm -e BILL_MCP_HOME=/data -v bill-mcp:/data --env-file FILE bill-mcp
FROM python:3.13-slim-trixie AS build
WORKDIR /build
COPY pyproject.toml README.md LICENSE ./
COPY scripts/install-wheel scripts/
COPY bill_mcp bill_mcp
COPY tool_specs tool_specs
RUN python -m pip wheel --quiet --no-cache-dir --no-deps --wheel-dir dist . \
    && scripts/install-wheel dist/*.whl /opt/bill-mcp

FROM python:3.13-slim-trixie
RUN useradd --uid 10001 --no-create-home --home-dir /data bill \
    && install --directory --owner=bill --group=bill --mode=0700 /data
COPY --from=build /opt/bill-mcp /opt/bill-mcp
ENV PATH=/opt/bill-mcp/bin:$PATH
USER 10001
# BILL_MCP_HOME stays unset on purpose: setting it to this volume is the operator's word
# that the volume outlives the container.
VOLUME ["/data"]
ENTRYPOINT ["bill-mcp"]
CMD ["serve"]
