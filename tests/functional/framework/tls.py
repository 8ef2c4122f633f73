"""Certificates for servers that speak TLS."""

import ssl
import subprocess


def certificate(folder, name, subject):
    """One that signs itself, made by openssl, for `subject` ("IP:127.0.0.1"); its path, and a context that shows it."""
    path, key = folder / f"{name}.pem", folder / f"{name}.key"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-subj", "/CN=test", "-addext", f"subjectAltName={subject}", "-days", "2"]
    subprocess.run([*command, "-keyout", key, "-out", path], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, key)
    return path, context
