# The id is the key_id, or the alias where only one key has it. The secret is not imported: the gateway does not know it any more.
terraform import bursar_key.notebooks key_Vw3sPq8LzX2nT5yRb7Kd
