"""The real MLflow server for tests, without what needs pandas: its Flask app and SQL stores under werkzeug.

It needs: pip install mlflow-skinny flask flask-cors sqlalchemy alembic
Usage: python mlflow_server_light.py --db mlflow.db --port 5601
Same handlers, stores and JSON as `mlflow server`; what is missing is its outer layer (host check, gateway, jobs).
"""

import argparse
import os

parser = argparse.ArgumentParser()
parser.add_argument("--db", default="mlflow.db")
parser.add_argument("--port", type=int, default=5601)
given = parser.parse_args()
os.environ.update(
    {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "_MLFLOW_SERVER_FILE_STORE": f"sqlite:///{given.db}",
        "_MLFLOW_SERVER_ARTIFACT_ROOT": "mlflow-artifacts:/",
    }
)
# MLflow reads the variables while it is imported
server = __import__("mlflow.server", fromlist=["app"])
serving = __import__("werkzeug.serving", fromlist=["run_simple"])
serving.run_simple("127.0.0.1", given.port, server.app, threaded=True)
