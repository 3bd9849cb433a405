"""The durable TinyDB storage behind the catalog.

`open_db(path)` gives a TinyDB whose edits are on the disk when they return, in time independent of the catalog's size,
and which several processes may edit at a time. `storage` has the protocol, `format` and `snapshot` say what stands in
the files, `migrations` how an old file becomes a new one.
"""

from store.journal.format import (
    Change,
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreLocked,
    StoreNewer,
    StoreReadOnly,
)
from store.journal.storage import JournaledJSONStorage
from store.journal.table import CatalogDB, CatalogTable, open_db

__all__ = [
    "CatalogDB",
    "CatalogTable",
    "Change",
    "JournaledJSONStorage",
    "StoreCorrupt",
    "StoreError",
    "StoreFull",
    "StoreLocked",
    "StoreNewer",
    "StoreReadOnly",
    "open_db",
]
