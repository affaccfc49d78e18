"""The kernel of the emulator: HTTP, identity, the wire protocols, validation and the pipeline of one call."""
