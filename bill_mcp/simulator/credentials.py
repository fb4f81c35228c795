"""The sign-in data that every seed has; none of it opens anything but a simulator."""

from types import MappingProxyType

ORGANIZATION_ID = "00801DEMOPACIFCk3Wq9"
USER_ID = "00601DEMOADMINSd7Ls2"
DEVELOPER_KEY = "01DEMODEVELOPERKEY2026"
APP_KEY = "01DEMOAPPLICATIONKEY26"
API_TOKEN = "demo-spend-api-token"  # noqa: S105 - opens only a simulator
USERNAME = "dana.whitfield@pacifictimber.example"
PASSWORD = "demo-password"  # noqa: S105 - opens only a simulator
PARTNER_USERNAME = "ops@ledgerworks.example"

DEMO_VARIABLES: MappingProxyType[str, str] = MappingProxyType(
    {
        "BILL_USERNAME": USERNAME,
        "BILL_PASSWORD": PASSWORD,
        "BILL_ORGANIZATION_ID": ORGANIZATION_ID,
        "BILL_DEV_KEY": DEVELOPER_KEY,
        "BILL_API_TOKEN": API_TOKEN,
    }
)
"""An administrator with an MFA phone; signing in gives an untrusted session."""

DEMO_PARTNER_VARIABLES: MappingProxyType[str, str] = MappingProxyType(
    {
        "BILL_USERNAME": PARTNER_USERNAME,
        "BILL_PASSWORD": PASSWORD,
        "BILL_APP_KEY": APP_KEY,
        "BILL_DEV_KEY": DEVELOPER_KEY,
    }
)
"""A partner; the developer key serves the session that login-as-user gives."""
