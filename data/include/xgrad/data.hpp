// Datasets, loaders, scaling and file formats.
#pragma once

#include <xgrad/data/dataset.hpp>
#include <xgrad/data/datasets.hpp>
#include <xgrad/data/files.hpp>
#include <xgrad/data/folds.hpp>
#include <xgrad/data/images.hpp>
#include <xgrad/data/loader.hpp>
#include <xgrad/data/make_data_loader.hpp>
#include <xgrad/data/numpy.hpp>
#include <xgrad/data/safetensors.hpp>
#include <xgrad/data/safetensors_file.hpp>
#include <xgrad/data/sampler.hpp>
#include <xgrad/data/scaling.hpp>
#include <xgrad/data/transforms.hpp>
