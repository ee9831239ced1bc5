"""Make the certificates with which tests sign their own C2PA manifests: a root and a signer under it.

Needs cryptography; run from the repository's root: ``python tests/vectors/build_c2pa_keys.py``. The keys are made anew
each time and are worth nothing outside tests; the files are committed so that tests need no clock.
"""

from __future__ import annotations

import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

FOLDER = Path(__file__).with_name("c2pa")
FROM = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
UNTIL = datetime.datetime(2119, 12, 31, tzinfo=datetime.UTC)
USAGES = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
          "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")  # fmt: skip


def name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Touchstone tests"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def usage(*wanted: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{each: each in wanted for each in USAGES})


def certificate(
    subject: str, key: ec.EllipticCurvePrivateKey, issuer: str, issuer_key: ec.EllipticCurvePrivateKey, *, is_ca: bool
) -> bytes:
    """Return a certificate in PEM, by the profile of C2PA 2.2, section 14.5."""
    public, parent = key.public_key(), issuer_key.public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(FROM)
        .not_valid_after(UNTIL)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(parent), critical=False)
        .add_extension(usage("key_cert_sign", "crl_sign") if is_ca else usage("digital_signature"), critical=True)
    )
    if not is_ca:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def main() -> None:
    """Write root, signer and the signer's key."""
    root_key, signer_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = certificate("Touchstone test root", root_key, "Touchstone test root", root_key, is_ca=True)
    signer = certificate("Touchstone test signer", signer_key, "Touchstone test root", root_key, is_ca=False)
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "root.pem").write_bytes(root)
    (FOLDER / "signer.pem").write_bytes(signer + root)
    (FOLDER / "signer.key").write_bytes(
        signer_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )


if __name__ == "__main__":
    main()
