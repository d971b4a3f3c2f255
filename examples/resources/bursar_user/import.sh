# The id is the user_id. The e-mail address does as well.
terraform import bursar_user.ada ada
