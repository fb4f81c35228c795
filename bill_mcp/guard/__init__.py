"""What stands between an agent and an action: policy, evidence, approval."""
