"""Runs a program (second argument on) with its output in a file (first argument), and prints what it cost, as JSON.
Node does not tell what an ended child has used; Python does."""
import json
import resource
import subprocess
import sys
import time

before = resource.getrusage(resource.RUSAGE_CHILDREN)  # Python's own launcher may have had some
started = time.monotonic()
with open(sys.argv[1], 'wb') as output:
    status = subprocess.call(sys.argv[2:], stdout=output)
wall = time.monotonic() - started
used = resource.getrusage(resource.RUSAGE_CHILDREN)
cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
peak_bytes = used.ru_maxrss * (1 if sys.platform == 'darwin' else 1024)
print(json.dumps({'cpuMs': cpu * 1000, 'wallMs': wall * 1000, 'peakMib': peak_bytes / 2**20}))
sys.exit(status)
