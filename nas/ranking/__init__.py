"""How well a cheap score ranks networks: against their accuracy when each is trained by itself."""
