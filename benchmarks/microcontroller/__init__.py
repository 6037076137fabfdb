"""The C of a capsule on this host beside `Stream.update`, and on a Cortex-M4 in qemu."""
