"""Makes the pairs of small models and their predictions that exchange_test.go reads.

    /usr/bin/python3 exchange.py        # Debian 12: python3-xgboost 1.7.4, python3-sklearn 1.2.1

Each NAME.json gets a NAME.want.json: rows, raw margins and answers of the library that made it, and for
XGBoost its contributions (the last of each row is the base).
"""
import json
import pathlib

import numpy as np
import xgboost as xgb
from sklearn.ensemble import ExtraTreesRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.tree import DecisionTreeClassifier

from forest_json import forest_json

out = pathlib.Path(__file__).parent / "exchange"
out.mkdir(exist_ok=True)
rng = np.random.default_rng(1)


def table(n, levels=9):
    x = np.stack([
        rng.normal(size=n),
        np.round(rng.exponential(100, n), 1),  # 0.1 steps: float32 differs from float64
        rng.integers(0, levels, n).astype(float),
        rng.integers(0, 3, n).astype(float),
    ], axis=1)
    x[rng.random((n, 4)) < 0.15] = np.nan
    return x


def put(name, rows, **values):
    values = {k: np.asarray(v).reshape(len(rows), -1).tolist() for k, v in values.items()}
    rows = [[None if np.isnan(v) else v for v in row] for row in rows.tolist()]
    (out / f"{name}.want.json").write_text(json.dumps({"rows": rows, **values}) + "\n")


def xgboost(name, target, types=("q", "q", "c", "c"), rounds=6, spoil=None, **params):
    x = table(400)
    score = np.nan_to_num(x[:, 0], nan=1) + (np.nan_to_num(x[:, 2], nan=4) % 3) - np.nan_to_num(x[:, 1]) / 100
    d = xgb.DMatrix(x, target(score), feature_names=["load", "size", "user", "queue"],
                    feature_types=list(types), enable_categorical=True)
    params = {"max_depth": 3, "eta": 0.3, "tree_method": "approx", "max_cat_to_onehot": 4, "seed": 3} | params
    b = xgb.train(params, d, rounds)
    b.save_model(out / f"{name}.json")
    rows = table(40, levels=14)  # with categories that the fit has not seen
    # Numbers on the thresholds themselves, and their neighbours in float64.
    cuts = [v for t in json.loads((out / f"{name}.json").read_text())["learner"]["gradient_booster"].get(
        "model", {"trees": []})["trees"] for v, c, l in zip(t["split_conditions"], t["split_indices"], t["left_children"])
        if l != -1 and c == 0 and v == v][:6]
    edge = np.repeat(rows[:1], 3 * len(cuts), axis=0)
    for i, v in enumerate(cuts):
        v = float(np.float32(v))
        edge[3 * i:3 * i + 3, 0] = [v, np.nextafter(v, -np.inf), np.nextafter(np.float32(v), np.float32(-np.inf))]
    rows = np.concatenate([rows, edge])
    p = xgb.DMatrix(rows, feature_names=d.feature_names, feature_types=list(types), enable_categorical=True)
    more = {} if params.get("booster") == "dart" or "c" in types else {"contributions": b.predict(p, pred_contribs=True)}
    put(name, rows, margins=b.predict(p, output_margin=True), answers=b.predict(p), **more)


two = lambda s: (s > 0.5).astype(float)
three = lambda s: np.digitize(s, [0, 1.5]).astype(float)
count = lambda s: rng.poisson(np.exp(s / 2)).astype(float)
numbers = ("q", "q", "q", "q")
xgboost("xgboost-binary", two, objective="binary:logistic", base_score=0.3)
xgboost("xgboost-multiclass", three, objective="multi:softprob", num_class=3, base_score=0.4)
xgboost("xgboost-two-scores", two, objective="multi:softprob", num_class=2)
xgboost("xgboost-regression", lambda s: s, objective="reg:squarederror", base_score=-7.25)
xgboost("xgboost-parallel", three, objective="multi:softprob", num_class=3, num_parallel_tree=2, subsample=0.7, rounds=3)
xgboost("xgboost-poisson", count, objective="count:poisson", base_score=0.7)
xgboost("xgboost-logitraw", two, objective="binary:logitraw", base_score=0.2)
xgboost("xgboost-dart", lambda s: s, booster="dart", rate_drop=0.5, one_drop=1)
xgboost("xgboost-dart-classes", three, booster="dart", rate_drop=0.5, one_drop=1, objective="multi:softprob", num_class=3)
xgboost("xgboost-numbers", two, types=numbers, objective="binary:logistic", base_score=0.6, tree_method="exact")
xgboost("xgboost-numbers-classes", three, types=numbers, objective="multi:softprob", num_class=3, tree_method="hist")


def forest(name, model, target):
    x = np.nan_to_num(table(300), nan=-1)
    y = target(x[:, 0] + x[:, 2] % 3 - x[:, 1] / 100)
    model.fit(x, y)
    (out / f"{name}.json").write_text(json.dumps(forest_json(model, ["load", "size", "user", "queue"])) + "\n")
    rows = np.nan_to_num(table(40), nan=-1)
    classes = hasattr(model, "classes_")
    put(name, rows, answers=model.predict_proba(rows) if classes else model.predict(rows))


forest("sklearn-classes", RandomForestClassifier(5, max_depth=4, random_state=1), lambda s: np.digitize(s, [0, 1.5]))
forest("sklearn-numbers", RandomForestRegressor(5, max_depth=4, random_state=1), lambda s: s)
forest("sklearn-extra", ExtraTreesRegressor(4, max_depth=4, random_state=1), lambda s: s * 2)
forest("sklearn-tree", DecisionTreeClassifier(max_depth=4, random_state=1), lambda s: np.where(s > 0, "on", "off"))
