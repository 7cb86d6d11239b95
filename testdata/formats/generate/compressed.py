# Writes ../compressed.json: data as other implementations compress it, together
# with what went in.
# Run: apt-get install gzip zstd python3-snappy nodejs &&
#   npm install --ignore-scripts && /usr/bin/python3 compressed.py
import base64, gzip, json, os, subprocess, tempfile, zlib
import snappy, snappy.snappy

here = os.path.dirname(os.path.abspath(__file__))


def crc32c(data, crc=0):  # the package's own fails on Python 3.10 and later
    crc ^= 0xFFFFFFFF
    for b in data:
        crc ^= b
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


snappy.snappy._crc32c = crc32c


def noise(n, seed=1):
    out = bytearray()
    for _ in range(n):
        seed = (seed * 1103515245 + 12345) & 0xFFFFFFFF
        out.append(seed >> 16 & 0xFF)
    return bytes(out)


def order(n):
    items = ["book", "pen"][: n % 3]
    return json.dumps({"order": n, "customer": "user-%d" % (n % 7), "items": items, "total": n * 17 % 1000}).encode()


TEXTS = {
    "hello": b"hello",
    "a line of JSON": order(1),
    "100 lines of JSON": b"\n".join(order(n) for n in range(100)),
    "noise": noise(1000),
    "zeros": bytes(20000),
    "nothing": b"",
}


def tool(data, *args):
    return subprocess.run(args, input=data, stdout=subprocess.PIPE, check=True).stdout


def node(data, expression):
    script = "const data = require('fs').readFileSync(0); process.stdout.write(" + expression + ")"
    return subprocess.run(["node", "-e", script], input=data, stdout=subprocess.PIPE, check=True, cwd=here).stdout


def framed(data):
    return snappy.StreamCompressor().compress(data) if data else b"\xff\x06\x00\x00sNaPpY"


def raw_deflate_sync(data):  # zlib with flush points, as writers of live streams leave them
    c = zlib.compressobj(6)
    half = len(data) // 2
    return c.compress(data[:half]) + c.flush(zlib.Z_SYNC_FLUSH) + c.compress(data[half:]) + c.flush()


WRITERS = {
    "gzip": {
        "gzip -9": lambda d: tool(d, "gzip", "-9nc"),
        "gzip -1": lambda d: tool(d, "gzip", "-1nc"),
        "python gzip": lambda d: gzip.compress(d, mtime=1),
        "node gzip": lambda d: node(d, "require('zlib').gzipSync(data)"),
    },
    "zlib": {
        "python zlib": lambda d: zlib.compress(d, 6),
        "python zlib 0": lambda d: zlib.compress(d, 0),
        "python zlib with a flush": raw_deflate_sync,
        "node deflate": lambda d: node(d, "require('zlib').deflateSync(data)"),
        "node deflate with a window of 512 bytes": lambda d: node(d, "require('zlib').deflateSync(data, {windowBits: 9})"),
    },
    "zstd": {
        "zstd -3 of a stream": lambda d: tool(d, "zstd", "-3qc"),
        "zstd -19": lambda d: tool(d, "zstd", "-19qc", "--stream-size=%d" % len(d)),
        "zstd --ultra -22 --long=27": lambda d: tool(d, "zstd", "--ultra", "-22", "--long=27", "-qc"),
        "zstd without a checksum": lambda d: tool(d, "zstd", "-qc", "--no-check"),
    },
    "snappy": {
        "libsnappy": snappy.compress,
        "python-snappy, framed": framed,
        "snappy of npm": lambda d: node(d, "require('snappy').compressSync(data)"),
        "snappyjs": lambda d: node(d, "Buffer.from(require('snappyjs').compress(data))"),
    },
}


def b64(b):
    return base64.b64encode(b).decode()


cases = []
for codec, writers in WRITERS.items():
    for writer, compress in writers.items():
        for text, data in TEXTS.items():
            cases.append({"text": text, "by": writer, "codec": codec, "data": b64(compress(data))})

with open(os.path.join(here, "..", "compressed.json"), "w") as f:
    json.dump({"texts": {name: b64(data) for name, data in TEXTS.items()}, "cases": cases}, f, indent=1)
    f.write("\n")

# Frames that need a dictionary: one trained by zstd, and one that is any text.
with tempfile.TemporaryDirectory() as d:
    samples = []
    for n in range(2000):
        samples.append(os.path.join(d, "%d.json" % n))
        with open(samples[-1], "wb") as f:
            f.write(order(n))
    trained, text = os.path.join(d, "trained"), os.path.join(d, "text")
    subprocess.run(["zstd", "-q", "--train", "--maxdict=2048", "--dictID=4711", "-o", trained] + samples, check=True)
    with open(text, "wb") as f:
        f.write(b"".join(order(n) for n in range(8)))
    out = {}
    for name, path in (("trained", trained), ("text", text)):
        out[name] = {
            "dictionary": b64(open(path, "rb").read()),
            "cases": [
                {"data": b64(tool(order(n), "zstd", "-qc", "-D", path)), "plain": b64(order(n))}
                for n in range(3000, 3010)
            ],
        }
with open(os.path.join(here, "..", "zstd-dictionaries.json"), "w") as f:
    json.dump(out, f, indent=1)
    f.write("\n")
