"""Names of the folders and environment variables that say where things are."""

STORE_DIRECTORY = ".embedctl"
STORE_ENVIRONMENT = "EMBEDCTL_STORE"
CACHE_ENVIRONMENT = "EMBEDCTL_CACHE"
