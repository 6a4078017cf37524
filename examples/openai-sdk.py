# Asks your OpenClaw a question with OpenAI's SDK: once for the whole answer, once as a stream.
# It needs OPENAI_BASE_URL, CF_ACCESS_CLIENT_ID and CF_ACCESS_CLIENT_SECRET in the environment.
import os

from openai import OpenAI

client = OpenAI(
    base_url=os.environ["OPENAI_BASE_URL"],
    # The SDK wants a key; the gateway drops it. Said here so that a real one in the environment is not sent.
    api_key="not-used",
    default_headers={
        "CF-Access-Client-Id": os.environ["CF_ACCESS_CLIENT_ID"],
        "CF-Access-Client-Secret": os.environ["CF_ACCESS_CLIENT_SECRET"],
    },
)

answer = client.chat.completions.create(
    model="openclaw",
    messages=[{"role": "user", "content": "Say hello"}],
)
print(answer.choices[0].message.content)

stream = client.chat.completions.create(
    model="openclaw",
    messages=[{"role": "user", "content": "Say good night"}],
    stream=True,
)
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)
print()
