"""A partner's key: the private half stays here, the public half is handed over at registration.

python keys.py private.json > public.json
"""

import json
import os
import sys

from joserfc.jwk import ECKey, KeySet

key = ECKey.generate_key("P-256", parameters={"alg": "ES256", "use": "sig"}, auto_kid=True)
with os.fdopen(os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
    json.dump(key.as_dict(private=True), file)
print(json.dumps(KeySet([key]).as_dict(private=False)))
