"""moto's server with AWS KMS keys whose material is given: moto_seeded.py SEED PORT

SEED is JSON: aws.account and aws.keys, each with region, id, material (hex) and perhaps aliases. moto makes its own
multi-Region keys undecryptable, so such keys come in here, too.
"""

import json
import os
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    SEED = json.load(file)["aws"]
os.environ["MOTO_ACCOUNT_ID"] = SEED["account"]  # read when moto is imported

from moto import server  # noqa: E402
from moto.kms.models import kms_backends  # noqa: E402

for seeded in SEED["keys"]:
    backend = kms_backends[SEED["account"]][seeded["region"]]
    key = backend.create_key(None, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", "seeded", None)
    del backend.keys[key.id]
    key.id = seeded["id"]
    key.arn = f"arn:aws:kms:{seeded['region']}:{SEED['account']}:key/{seeded['id']}"
    key.key_material = bytes.fromhex(seeded["material"])
    backend.keys[key.id] = key
    for alias in seeded.get("aliases", []):
        backend.create_alias(alias_name=alias, target_key_id=key.id)

server.main(["-H", "127.0.0.1", "-p", sys.argv[2]])
