"""Consent, erasure, retention, the audit log and the notice to participants."""
