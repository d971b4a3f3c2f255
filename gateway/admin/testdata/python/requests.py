"""Just enough of the requests package, on the standard library, to run documented examples as they stand.

What they send to http://localhost:4000 goes to the gateway that BURSAR_URL names.
"""

import json as _json
import os
import urllib.error
import urllib.parse
import urllib.request


class Response:
    def __init__(self, status_code, headers, content):
        self.status_code, self.headers, self.text = status_code, headers, content.decode()

    def json(self):
        return _json.loads(self.text)


def request(method, url, headers=None, json=None, params=None):
    url = url.replace("http://localhost:4000", os.environ["BURSAR_URL"])
    if params:
        url += "?" + urllib.parse.urlencode(params)
    data = None if json is None else _json.dumps(json).encode()
    sent = urllib.request.Request(url, data=data, headers=dict(headers or {}), method=method)
    try:
        with urllib.request.urlopen(sent) as answer:
            return Response(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as refusal:
        return Response(refusal.code, refusal.headers, refusal.read())


def get(url, **kwargs):
    return request("GET", url, **kwargs)


def post(url, **kwargs):
    return request("POST", url, **kwargs)
