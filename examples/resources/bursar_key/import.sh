# The id is the key_id. The secret is not imported: the gateway does not know it any more.
terraform import bursar_key.notebooks key_01JBB2M5S2C5A5V1E4D8S3K7QX
