"""A client of the Batch Execution Service with nothing but urllib, as Studio's sample was written."""
import json
import os
import sys
import time
import urllib.request

url = os.environ["BES_URL"] + "/jobs"
headers = {"Content-Type": "application/json", "Authorization": "Bearer " + os.environ["BES_KEY"]}
version = "?api-version=2.0"


def call(method, path, body=None):
    request = urllib.request.Request(url + path, body, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as reply:
        return reply.status, reply.read()


_, registered = call("POST", version, sys.stdin.buffer.read())
registered = registered.decode("utf-8")
job = "/" + registered[1:-1]  # without its quotes
call("POST", job + "/start" + version, b"")
statuses = []
while True:
    status = json.loads(call("GET", job + version)[1])
    statuses.append(status["StatusCode"])
    if statuses[-1] in ("Failed", "Cancelled", "Finished"):
        break
    time.sleep(0.05)
if status["Results"] is None:
    sys.exit("the job ended " + statuses[-1] + ": " + str(status["Details"]))
result = status["Results"]["output1"]
with urllib.request.urlopen(result["BaseLocation"] + result["RelativeLocation"] + result["SasBlobToken"]) as reply:
    text = reply.read().decode("utf-8")
deleted, _ = call("DELETE", job + version)
afterwards = json.loads(call("GET", job + version)[1])["StatusCode"]
print(json.dumps({"registered": registered, "statuses": statuses, "result": text, "deleted": deleted, "afterwards": afterwards}))
