"""BILL on one machine: a stateful stand-in for bill.com's v3 API.

It reads its routes and shapes from ``bill_api.json`` and nothing else of this project.
"""
