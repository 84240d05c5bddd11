package supervised_test

import (
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/leptonsched/lepton/supervised"
)

func ExampleReadXGBoost() {
	file, err := os.Open("testdata/exchange/xgboost-binary.json") // booster.save_model("….json")
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	m, err := supervised.ReadXGBoost(file)
	if err != nil {
		log.Fatal(err)
	}
	c := m.(*supervised.BoostedClassifier)
	for _, column := range c.Schema().Columns {
		fmt.Print(column.Name, " ")
	}
	fmt.Printf("%.3f\n", c.Predict([]float64{1.5, 20, 2, 0}))
	// Output: load size user queue 0.895
}

func ExampleReadLightGBM() {
	const text = `tree
version=v4
num_class=1
num_tree_per_iteration=1
max_feature_idx=0
objective=regression
feature_names=load

Tree=0
num_leaves=2
num_cat=0
split_feature=0
threshold=0.5
decision_type=2
left_child=-1
right_child=-2
leaf_value=10 20

end of trees
`
	m, err := supervised.ReadLightGBM(strings.NewReader(text))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.Predict([]float64{0.5}), m.Predict([]float64{0.6}))
	// Output: 10 20
}

func ExampleReadForestJSON() {
	const text = `{"format": "lepton.forest", "version": 1, "features": ["load"], "classes": ["idle", "busy"],
	"trees": [{"left": [1, -1, -1], "right": [2, -1, -1], "feature": [0, -2, -2], "threshold": [0.5, -2, -2],
	           "value": [0.75, 0.25, 0, 1]}]}`
	m, err := supervised.ReadForestJSON(strings.NewReader(text))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.Predict([]float64{0.5}), m.Predict([]float64{0.6}))
	// Output: 0.25 1
}
