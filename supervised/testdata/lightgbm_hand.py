"""Writes the LightGBM texts that exchange_test.go reads, and what they say.

No LightGBM is used. The trees are written by hand in the format of its src/io/tree.cpp and
gbdt_model_text.cpp, and beside each row stands the leaf it falls into in trees 0 and 1, worked by hand
from Tree::NumericalDecision and Tree::CategoricalDecision (include/LightGBM/tree.h).
"""
import json
import math
import pathlib

out = pathlib.Path(__file__).parent / "exchange"
tail='''
end of trees

feature_importances:
load=2

parameters:
[boosting: gbdt]
end of parameters

pandas_categorical:null
'''
# binary v4. columns: load (numeric), free (numeric), user (categorical 0..40)
# tree 0: node0 load <= 0.5, missing nan default left (type 8+2=10)
#   left: node1: user in {1, 33} (categorical, type 1; nan kind 8 -> 9) left leaf 0 (0.1), right leaf 2 (-0.2)
#   right: node2: free <= 2, zero kind default right (type 4): left leaf1 (0.4), right leaf 3 (-0.3)
# word 0: bit 1 = 2; word 1: bit 1 (33) = 2
t0='''Tree=0
num_leaves=4
num_cat=1
split_feature=0 2 1
split_gain=10 5 2.5
threshold=0.5 0 2
decision_type=10 9 4
left_child=1 -1 -2
right_child=2 -3 -4
leaf_value=0.1 0.4 -0.2 -0.3
leaf_weight=1 1 1 1
leaf_count=10 20 30 40
internal_value=0 0 0
internal_weight=0 0 0
internal_count=100 40 60
cat_boundaries=0 2
cat_threshold=2 2
is_linear=0
shrinkage=0.1

'''
# tree 1: node0 free <= -1, missing none (type 0; 2 would be default left without meaning)
#   left leaf 0 (0.05), right: node1 load <= -0.25 zero kind default left (4+2=6): left leaf 1 (0.02), right leaf 2 (-0.07)
t1='''Tree=1
num_leaves=3
num_cat=0
split_feature=1 0
split_gain=3 1
threshold=-1 -0.25
decision_type=0 6
left_child=-1 -2
right_child=1 -3
leaf_value=0.05 0.02 -0.07
leaf_weight=1 1 1
leaf_count=25 35 40
internal_value=0 0
internal_weight=0 0
internal_count=100 75
is_linear=0
shrinkage=0.1

'''
t2='''Tree=2
num_leaves=1
num_cat=0
split_feature=
split_gain=
threshold=
decision_type=
left_child=
right_child=
leaf_value=0.01
leaf_weight=
leaf_count=
internal_value=
internal_weight=
internal_count=
is_linear=0
shrinkage=1

'''
head='''tree
version=%s
num_class=%d
num_tree_per_iteration=%d
label_index=0
max_feature_idx=2
objective=%s
feature_names=load free user
feature_infos=[-3:3] [-10:10] 0:1:2:33:40
tree_sizes=1 1 1

'''
n=None
# hand-worked: (row, tree0, tree1) leaves as said above
rows=[
 # load<=.5 left; user 1 in set: .1 ; free 0: none kind, 0<=-1 no -> load .5: not zero, .5<=-.25 no -> -.07
 ([0.5,0,1],      0.1,-0.07),
 # load just above .5: right; free zero -> default right -.3; tree1: load -> -.07
 ([0.5000000000000001,0,1], -0.3,-0.07),
 # free 1e-36 is zero too
 ([1,1e-36,1],    -0.3,-0.07),
 # free 1e-34 is not zero: <=2 -> .4
 ([1,1e-34,1],    0.4,-0.07),
 # free missing: zero kind -> default right -.3; tree1: NaN is 0, 0<=-1 no; load 1 -> -.07
 ([1,n,1],        -0.3,-0.07),
 # free -2: <=2 .4 ; tree1 -2<=-1 left .05
 ([1,-2,1],       0.4,0.05),
 # load missing: default left; user 33 in set .1; tree1 free 5: right; load missing: zero kind default left .02
 ([n,5,33],       0.1,0.02),
 # load 0: left; user 2 not in set -.2; tree1: load zero default left .02 (0 <= -.25 alone would go right)
 ([0,5,2],        -0.2,0.02),
 # user missing -> right -.2; load -1 <= -.25 .02
 ([-1,5,n],       -0.2,0.02),
 # a user never seen (100), and one of -1: right
 ([-1,5,100],     -0.2,0.02),
 ([-1,5,-1],      -0.2,0.02),
 # thresholds are float64: -.25 goes left
 ([-0.25,-1,40],  -0.2,0.05),
]


def put(name,text,margins,answers):
    (out/(name+'.txt')).write_text(text)
    (out/(name+'.want.json')).write_text(json.dumps({'rows':[r[0] for r in rows],'margins':margins,'answers':answers})+'\n')
sig=lambda s:1/(1+math.exp(-s))
m=[2*(a+b+0.01) for _,a,b in rows]
put('lightgbm-binary-v4', head%('v4',1,1,'binary sigmoid:2')+t0+t1+t2+tail, [[v] for v in m], [[sig(v)] for v in m])
m=[(a+b+0.01) for _,a,b in rows]
put('lightgbm-regression-v3', head%('v3',1,1,'regression')+t0.replace('is_linear=0\n','')+t1.replace('is_linear=0\n','')+t2.replace('is_linear=0\n','')+tail, [[v] for v in m], [[v] for v in m])
put('lightgbm-poisson-v4', head%('v4',1,1,'poisson')+t0+t1+t2+tail, [[v] for v in m], [[math.exp(v)] for v in m])
m=[(a+b+0.01)/3 for _,a,b in rows]
h=head%('v4',1,1,'regression')
put('lightgbm-forest-v4', h.replace('label_index','average_output\nlabel_index')+t0+t1+t2+tail, [[v] for v in m], [[v] for v in m])
m=[[a,b,0.01] for _,a,b in rows]
def soft(v):
    e=[math.exp(s) for s in v]; return [s/sum(e) for s in e]
put('lightgbm-multiclass-v4', head%('v4',3,3,'multiclass num_class:3')+t0+t1+t2+tail, m, [soft(v) for v in m])
