# For terragrunt.hcl, or the file that all units include: each plan is judged as soon as it is made, and a plan
# that does not pass makes `terragrunt plan` fail. Terragrunt 0.66.2 or newer.
terraform {
  extra_arguments "sovereign_guard" {
    commands  = ["plan"]
    arguments = ["-out=sovereign-guard.tfplan"]
  }

  # A plan of an earlier run must not be taken for this one.
  before_hook "sovereign_guard" {
    commands = ["plan"]
    execute  = ["rm", "-f", "sovereign-guard.tfplan"]
  }

  # It runs in the folder of the module, where the plan lies. Neither file outlives it: plans hold secrets.
  after_hook "sovereign_guard" {
    commands = ["plan"]
    execute = ["sh", "-euc", <<-EOT
      umask 077
      shown=$(mktemp)
      trap 'rm -f -- "$shown" sovereign-guard.tfplan' EXIT
      "$TG_CTX_TF_PATH" show -json sovereign-guard.tfplan > "$shown"
      sovereign-guard scan -- "$shown"
    EOT
    ]
  }
}
