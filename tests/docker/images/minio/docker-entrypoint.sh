#!/bin/sh
# As in MinIO's own image: arguments are those of minio.
[ "${1-}" = minio ] || set -- minio "$@"
exec "$@"
