"""Writes a fitted forest or tree of scikit-learn for Lepton's supervised.ReadForestJSON:

    import json
    from forest_json import forest_json
    json.dump(forest_json(model, ["load", "size"]), open("forest.json", "w"))

It takes RandomForest…, ExtraTrees… and DecisionTree…, Classifier or Regressor, of one target.
"""


def forest_json(model, features):
    if model.n_outputs_ != 1:
        raise ValueError("a forest of several targets")
    classes = [str(c) for c in model.classes_] if hasattr(model, "classes_") else None
    out = {"format": "lepton.forest", "version": 1, "features": list(features), "trees": []}
    if classes:
        out["classes"] = classes
    for estimator in getattr(model, "estimators_", [model]):
        t = estimator.tree_
        leaf = t.children_left < 0
        value = t.value[leaf, 0, :]
        if classes:
            value = value / value.sum(axis=1, keepdims=True)
        tree = {
            "left": t.children_left.tolist(),  # -1: a leaf
            "right": t.children_right.tolist(),
            "feature": t.feature.tolist(),
            "threshold": t.threshold.tolist(),
            "cover": t.weighted_n_node_samples.tolist(),
            "impurity": t.impurity.tolist(),
            "value": value.ravel().tolist(),  # of the leaves only, in the order of the nodes
        }
        if hasattr(t, "missing_go_to_left"):  # from 1.3 on
            tree["missing_left"] = [int(v) for v in t.missing_go_to_left]
        out["trees"].append(tree)
    return out
