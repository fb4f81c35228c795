"""What the stops of the tour have in common."""

ADDRESS = {
    "line1": "1 Main Street",
    "line2": "Floor 2",
    "city": "Seattle",
    "stateOrProvince": "WA",
    "zipOrPostalCode": "98101",
    "country": "US",
}
ABROAD = {
    "line1": "4 Rue du Port",
    "line2": "Bâtiment B",
    "city": "Le Havre",
    "stateOrProvince": "Normandie",
    "zipOrPostalCode": "76600",
    "country": "FR",
}
ACCOUNT = {
    "nameOnAccount": "Tour",
    "accountNumber": "111222333",
    "routingNumber": "074000010",
    "type": "CHECKING",
    "ownerType": "BUSINESS",
    "paymentCurrency": "USD",
}
PURPOSE = {
    "text": "Lumber",
    "code": {"name": "Purchase of goods", "value": "GOODS"},
}
FILE = "JVBERi0xLjQKJSVFT0YK"
"""An empty PDF, in base64."""
